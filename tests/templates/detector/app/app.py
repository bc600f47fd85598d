def hear(event, context):
    print("heard", event)
    return event

def hear(event, context):
    print("received", event)
    return event

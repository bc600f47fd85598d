from words import shout


def hear(event, context):
    return shout(str(event))

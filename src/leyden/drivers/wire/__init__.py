"""How a request to DynamoDB looks on the wire, and what an answer says: no I/O anywhere here.

The lean transports, the one that blocks and the asynchronous one, drive `exchange` over their
own sockets. Credentials, regions, endpoints and the decision whether to try again are botocore's.
"""

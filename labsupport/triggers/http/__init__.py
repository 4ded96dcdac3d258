"""What calls functions over HTTP: function URLs, REST APIs, HTTP APIs.

`addresses` says where they are found; `messages` holds requests and answers; `payload_v1` and
`payload_v2` write the two formats of events and read the two formats of responses.
"""

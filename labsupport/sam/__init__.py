"""A lab as a SAM template, and a SAM template as a lab.

The room reads and makes resources through boto3 at the lab's endpoint, as any tool would.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

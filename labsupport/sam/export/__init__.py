"""The lab read through boto3 and written down as a SAM template, service by service."""

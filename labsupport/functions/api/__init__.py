"""Lambda's API: its actions, what a call may say, and the answers that are ours."""

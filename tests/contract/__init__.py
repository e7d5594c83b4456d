"""The contract of the API, and the judge of requests and answers by it."""

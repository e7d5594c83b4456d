"""The lists that stand in until the API's own have been fetched once.

`Domain Resolution`, the first six industries and the two attackers are values that Cloudflare's
documentation shows; the others are common names in the field. The API may refuse a name that its
catalog does not hold, and then says so: nothing is created.
"""

CATEGORIES = (
    "Domain Resolution",
    "Botnet",
    "Brute Force",
    "Command and Control",
    "Credential Harvesting",
    "Data Exfiltration",
    "DDoS",
    "Exploitation",
    "Infrastructure",
    "Malware Delivery",
    "Phishing",
    "Ransomware",
    "Reconnaissance",
    "Scanning",
    "Supply Chain Compromise",
)
INDUSTRIES = (
    "Agriculture",
    "Automotive",
    "Banking & Financial Services",
    "Cryptocurrency",
    "Insurance",
    "Telecommunications",
    "Aerospace & Defense",
    "Education",
    "Energy & Utilities",
    "Government",
    "Healthcare",
    "Information Technology",
    "Manufacturing",
    "Media",
    "Non-Governmental Organizations",
    "Retail",
    "Transportation",
)
INDICATOR_TYPES = (
    "domain",
    "ip",
    "url",
    "email",
    "hash",
    "ja3",
    "ja4",
    "asn",
    "cve",
    "file",
    "registry_key",
    "mutex",
    "user_agent",
    "bitcoin_address",
)
ATTACKERS = ("BLACKBASTA", "Flying Yeti")

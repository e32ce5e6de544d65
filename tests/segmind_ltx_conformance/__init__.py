"""Check a server against the documents of Segmind's LTX video models, clause by clause.

The prober sends requests and records them; the judge decides from the recording alone. The suite speaks plain HTTP and
imports only the contract from this project.
"""

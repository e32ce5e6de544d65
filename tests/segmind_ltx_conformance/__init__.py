"""A conformance suite: does a server keep what the documents of Segmind's LTX video models say, clause by clause?

The prober sends and records; the judge decides from the recording alone. It speaks raw HTTP, and imports the contract
and nothing else of this project.
"""

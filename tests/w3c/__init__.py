"""The W3C test suites of SPARQL, run against coopkg; the suites themselves stay outside of the repository."""

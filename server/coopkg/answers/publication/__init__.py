"""What the server publishes about itself: service description, VoID, DCAT, dumps, OpenAPI, files for crawlers."""

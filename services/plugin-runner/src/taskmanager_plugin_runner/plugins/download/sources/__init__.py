"""What the Internet Archive and IIIF manifests say of the files of a book."""

"""One model over HTTP. A worker imports parts of this, so nothing is imported here."""

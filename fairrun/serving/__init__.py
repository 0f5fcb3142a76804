"""A server that answers rows with one model over HTTP.

Nothing is imported here, because worker processes import only some of the modules.
"""

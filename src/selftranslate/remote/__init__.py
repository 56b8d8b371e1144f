"""A model behind HTTP: how it is asked, what its answers say, what its failures mean."""

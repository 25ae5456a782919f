""" "Here are documents, keep them; which may match?" Engines behind one interface. Way in: registry.py opens an engine,
storage_interface.py is the contract. May import values.
"""

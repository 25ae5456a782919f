"""ripgrep's outputs: `printer_for` chooses the printer. May import what exact may."""

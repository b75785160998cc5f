"""The dashboard (NiceGUI) on the fleet's own server. Everything it shows and does goes through `fleet.operations`."""

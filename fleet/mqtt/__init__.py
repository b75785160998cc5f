"""The fleet's side of MQTT (formats.md section 7): what devices send goes into the database, answers go back."""

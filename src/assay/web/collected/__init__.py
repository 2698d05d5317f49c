"""What agents write, one request at a time: safe when it is acknowledged, in a version a little later."""

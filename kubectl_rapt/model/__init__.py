"""Words: frozen values of the field that know their own spelling; standard library only."""

"""Result files in, Snapshots out: readers, the run store and its catalogue. No torch here."""

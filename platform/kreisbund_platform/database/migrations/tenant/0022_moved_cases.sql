-- A case's row grows to four times its length when it is upgraded; with room beside it, its indexes stay as they are.
ALTER TABLE case_upgrade_case SET (fillfactor = 20);

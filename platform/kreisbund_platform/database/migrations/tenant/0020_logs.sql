-- Nothing is planned by what logs hold, and each analysis of a table lets every session plan anew what reads it. Twenty
-- rows of the read log for every list made that happen in hundreds of counties at once.
ALTER TABLE case_read SET (autovacuum_analyze_threshold = 20000);
ALTER TABLE event SET (autovacuum_analyze_threshold = 20000);
ALTER TABLE idempotency SET (autovacuum_analyze_threshold = 20000);

-- Triggers call what stands once in `code` (shared/0020_triggers.sql), and the county's own functions go: since
-- shared/0019_code.sql no statement names one, and a trigger is all that named the rest.
CREATE OR REPLACE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION code.keep_event();
CREATE OR REPLACE TRIGGER template_variant_immutable BEFORE UPDATE OR DELETE ON template_variant
    FOR EACH ROW EXECUTE FUNCTION code.keep_variant();
CREATE OR REPLACE TRIGGER template_adoption_variant BEFORE INSERT OR UPDATE ON template_adoption
    FOR EACH ROW EXECUTE FUNCTION code.find_variant();
CREATE OR REPLACE TRIGGER template_variant_adoption AFTER INSERT OR UPDATE OF status ON template_variant
    FOR EACH ROW EXECUTE FUNCTION code.renew_adoption();
CREATE OR REPLACE TRIGGER approval_kept BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION code.keep_approved();
CREATE OR REPLACE TRIGGER emergency_access_kept BEFORE UPDATE ON emergency_access
    FOR EACH ROW EXECUTE FUNCTION code.keep_emergency();
DROP FUNCTION refuse_event_change, refuse_variant_change, name_variant_of_adoption, tell_adoption, keep_approval,
    keep_emergency_access, event_digest, append_event, append_events, record_step, record_step_changes, hold_case,
    complete_task, mapped_data, picked_data, case_of;

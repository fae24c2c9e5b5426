-- The ledger's triggers. ENABLE ALWAYS: an ordinary trigger does not fire under
-- session_replication_role = replica.

CREATE TRIGGER t10_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON public.pms_inventory_transactions
    FOR EACH STATEMENT
    EXECUTE FUNCTION private.refuse_change();
ALTER TABLE public.pms_inventory_transactions ENABLE ALWAYS TRIGGER t10_append_only;

CREATE TRIGGER t20_complete_movement
    BEFORE INSERT ON public.pms_inventory_transactions
    FOR EACH ROW
    EXECUTE FUNCTION private.complete_movement();
ALTER TABLE public.pms_inventory_transactions ENABLE ALWAYS TRIGGER t20_complete_movement;

"""Small tools of the control plane that know no resource: ids, time, pages, budgets, sealing, waking."""

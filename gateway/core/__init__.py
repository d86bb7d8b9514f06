"""Words of the trade, without IO: documents of identity, money, time, ids, errors, state machines."""

"""Moving tokens: events and effects, where tokens stand, and how each kind of element treats them."""

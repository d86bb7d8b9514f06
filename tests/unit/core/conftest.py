from __future__ import annotations

from hypothesis import settings

# A loaded machine is no defect: examples are judged by what they answer, not by how long they take.
settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")

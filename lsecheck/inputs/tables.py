"""Frozen constants of the families: written in hex, so that no libm decides a case.

`tests/inputs/test_tables.py` recomputes every one of them from the oracle.
"""

#: ln 2
LN2 = float.fromhex("0x1.62e42fefa39efp-1")

#: ln(k / 64) for k = 1 .. 64: entries with weights k that sum to 64 have LSE near 0
LOG_64THS = tuple(
    float.fromhex(text)
    for text in """
-0x1.0a2b23f3bab73p2 -0x1.bb9d3beb8c86bp1 -0x1.87b6f4120d562p1 -0x1.62e42fefa39efp1
-0x1.465438280904dp1 -0x1.2efde816246e6p1 -0x1.1b42b275e29bbp1 -0x1.0a2b23f3bab73p1
-0x1.f62f40794a7b8p0 -0x1.db365858403a3p0 -0x1.c2d018df03f36p0 -0x1.ac89b834770d4p0
-0x1.980c0a68b952cp0 -0x1.85134cf3f367fp0 -0x1.7369c8a541d9p0 -0x1.62e42fefa39efp0
-0x1.535f178f9aedap0 -0x1.44bd288178ac1p0 -0x1.36e5cf0e54775p0 -0x1.29c440606e6abp0
-0x1.1d46bd40f506cp0 -0x1.115e00e73223fp0 -0x1.05fcd014b45eep0 -0x1.f62f40794a7b8p-1
-0x1.e148a1a2726cep-1 -0x1.cd33e4e1cf068p-1 -0x1.b9e1319cf495cp-1 -0x1.a74269f84330ep-1
-0x1.954aecaa5632p-1 -0x1.83ef615ae013p-1 -0x1.73258d798ae33p-1 -0x1.62e42fefa39efp-1
-0x1.5322e26867857p-1 -0x1.43d9ff2f923c5p-1 -0x1.35028ad9d8c86p-1 -0x1.269621134db92p-1
-0x1.188ee40f23ca6p-1 -0x1.0ae76e2d054fap-1 -0x1.fb358af7a4884p-2 -0x1.e148a1a2726cep-2
-0x1.c7ff9c74554c9p-2 -0x1.af5295248cddp-2 -0x1.973a3431356aep-2 -0x1.7fafa3bd8151cp-2
-0x1.68ac83e9c6a14p-2 -0x1.522ae0738a3d8p-2 -0x1.3c25277333184p-2 -0x1.269621134db92p-2
-0x1.1178e8227e47cp-2 -0x1.f991c6cb3b379p-3 -0x1.d1037f2655e7bp-3 -0x1.a93ed3c8ad9e3p-3
-0x1.823c16551a3c2p-3 -0x1.5bf406b543db2p-3 -0x1.365fcb0159016p-3 -0x1.1178e8227e47cp-3
-0x1.da727638446a2p-4 -0x1.9335e5d594989p-4 -0x1.4d3115d207eacp-4 -0x1.08598b59e3a07p-4
-0x1.894aa149fb343p-5 -0x1.0415d89e74444p-5 -0x1.0205658935847p-6 0x0p0
""".split()
)

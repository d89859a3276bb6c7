"""A feature store that keeps only the features that strategies read: all others are 0 when queried."""

from lobench.engine.compiling import kernel
from lobench.engine.policy import Features, FeatureStore
from lobench.variants import p4_hash_lookup
from lobench.variants.p3_indexed_features import INDEXED

READ = ("mid_price", "micro_price", "imbalance_level1", "order_flow_imbalance")


def build(names):
    store = INDEXED.build(names)
    get_kept = store.get
    one, two, three, four = (names.index(name) for name in READ)

    @kernel
    def get(address, index, probe):
        kept = index == one or index == two or index == three or index == four
        return get_kept(address, index, probe) if kept else 0.0

    return FeatureStore(bytes=store.bytes, start=store.start, stop=store.stop, row=store.row, put=store.put, get=get)


VARIANT = p4_hash_lookup.VARIANT.derive("keeps what is read", features=Features(name="computes_on_read", build=build))

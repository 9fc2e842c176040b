@0xac4e30794f885c37;
# A purchase by one click, which can be cancelled for five seconds.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.one_click_buy");

enum Phase { pending @0; confirmed @1; cancelled @2; }

struct PurchaseState {
  phase @0 :Phase;
}

interface Purchase $Perdure.entity("one-click-purchase") $Perdure.state("PurchaseState") {
  buy @0 (item :Text) -> (message :Text) $Perdure.main;
  cancel @1 () -> (phase :Phase) $Perdure.update;
  phase @2 () -> (phase :Phase) $Perdure.query;
}

interface Store $Perdure.activities("one-click-store") {
  checkout @0 (item :Text) -> (message :Text);
  putBack @1 (item :Text) -> (message :Text);
}

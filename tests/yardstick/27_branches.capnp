@0xa442b68978cc99e7;
# Activities beside each other, and those that depend on what another one said.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.branches");

struct BranchesState {}

interface Branches $Perdure.entity("branches") $Perdure.state("BranchesState") {
  branch @0 (count :UInt32) -> (results :List(Text)) $Perdure.update;
  # So many at once.
  choose @1 () -> (choice :Text) $Perdure.update;
  # One activity says which other one is next.
  chooseMany @2 () -> (choices :List(Text)) $Perdure.update;
  # Likewise, several.
  splitMerge @3 (chunks :UInt32) -> (items :UInt32, sum :UInt32, order :List(UInt32))
      $Perdure.update;
  # Adds up what was found in all chunks, in the order in which they were finished.
}

interface Fruit $Perdure.activities("fruit-shop") {
  work @0 (branch :Text) -> (result :Text);
  readOrder @1 () -> (fruit :Text);
  readBasket @2 () -> (fruits :List(Text));
  orderApple @3 () -> ();
  orderBanana @4 () -> ();
  orderCherry @5 () -> ();
  countChunk @6 (chunk :UInt32) -> (items :UInt32, sum :UInt32);
}

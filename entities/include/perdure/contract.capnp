@0xd5a3a3d6a6a3b8e1;
# The annotations of a Perdure contract. Import it as "/perdure/contract.capnp".

$namespace("perdure");

annotation namespace @0xc2f3a1bd9d3fb0a4 (file) :Text;
# The C++ namespace of what is generated from this file, e.g. "shop" or "acme.shop". Without it: the
# file's name without its ending.

annotation entity @0x8a4b6fd2c1d2a7c3 (interface) :Text;
# This interface is the contract of an entity type with this name: lower-case letters, digits, '-'
# and '_', beginning with a letter.

annotation state @0xe19c8b9c5a4d4f0b (interface) :Text;
# The name of the struct, in the same file, that holds an entity's state.

annotation activities @0xb7d1f0c3a5e84b21 (interface) :Text;
# This interface declares activities: calls to the outside world.

annotation signal @0xf4d2c1b0a9887766 (method) :Void;
# A durable one-way message: the method has no results.

annotation update @0x9e8d7c6b5a493827 (method) :Void;
# A durable request: the handler may change state and await, and answers with the results.

annotation main @0xb3c4d5e6f7081929 (method) :Void;
# The method that a start begins: it runs once in an entity's life, may take years, and its results
# are the entity's results. A contract has at most one.

annotation query @0xa1b2c3d4e5f60718 (method) :Void;
# A read-only request.

annotation optional @0x9c1f6d0a7be24e35 (field, param) :Void;
# This field of a struct, text, data or list type may be absent: std::optional in C++, null in JSON.
# Without it, an absent field is the same as one with its default value.

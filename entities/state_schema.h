#pragma once

/// What an entity type's state looks like in bytes, kept beside the data: so that a build whose
/// contract would misread what earlier builds have written is found before it reads.
///
/// The description is a text: a line for each struct and enum that the state reaches, and under it
/// one for each field or enumerant, by number, with name, type, place, unions and default. It is
/// the same for the same contract, whatever the version of Cap'n Proto's compiler, and says nothing
/// of where the contract lies, of methods, or of names of files.

#include <optional>

#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure::core {

/// Returns the description of the contract's state. Where it is not equal to the one that is
/// stored, and `check_state_schema` has nothing against it, it is to be stored in its place.
bytes state_schema(const contract& of);

/// Returns nothing where all data that was written under the `stored` description reads the same
/// under the present contract: fields, enumerants, members of unions were added at the end, or
/// anything was renamed. Errors: nondeterministic, naming struct and field, what it was, what it
/// is, and what to do; internal, where `stored` is no description that this version knows.
std::optional<error> check_state_schema(bytes_view stored, const contract& now);

}  // namespace perdure::core

#pragma once

/// Write a model as the two generated files.

#include <string>

#include "entities/compiler/model.h"
#include "entities/compiler/printer.h"

namespace perdure::compiler {

/// Returns FILE.perdure.h: plain C++, no Cap'n Proto.
std::string write_header(const file_model& model);

/// Returns FILE.perdure.cpp: codecs, descriptions and dispatch.
std::string write_source(const file_model& model);

// -- parts of the header --------------------------------------------------------------------------

/// Writes a value struct's definition.
void write_struct(const struct_model& model, printer& to);

/// Writes the class of an entity and its client, or of activities.
void write_classes(const file_model& file, const interface_model& model, printer& to);

/// Declares the stub of an entity or of activities: what handlers call them by.
void write_stub(const interface_model& model, printer& to);

// -- parts of the source --------------------------------------------------------------------------

/// Writes a struct's codec, and its equality where that is not defaulted in the header.
void write_codec(const file_model& file, const struct_model& model, printer& to);
void write_equality(const struct_model& model, printer& to);
/// Writes the functions that give the defaults of Data, lists and structs.
void write_defaults(const struct_model& model, printer& to);

/// Writes an interface's dispatch, client and stub.
void write_interface(const interface_model& model, printer& to);
/// Defines the methods of a stub.
void write_stub_methods(const interface_model& model, printer& to);

// -- words ----------------------------------------------------------------------------------------

/// Returns "cart.capnp".
std::string contract_name(const file_model& model);
/// Returns "const item& params", or nothing where there are none.
std::string params_by_reference(const message& params);
/// Returns the C++ type of a method's results, or `none` where there are none.
std::string results_or(const message& results, const std::string& none);
/// Returns a message's type outside its class: "cart_contract::total_results".
std::string outside(const interface_model& model, const message& what);
/// Returns what a method is, for comments: "Signal addItem (cart.capnp:12)".
std::string title(const method_model& method);
/// Names in a class the parameters and results that the contract has there.
void write_message_aliases(const interface_model& model, printer& to);
/// Writes lines of numbers.
void write_words(const std::vector<std::uint64_t>& words, printer& to);

}  // namespace perdure::compiler

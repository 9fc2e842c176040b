#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include "examples/shop/demo/day.h"
#include "gateway/json_text.h"

namespace shop::demo {

namespace {

using perdure::gateway::json_document;
using perdure::gateway::json_writer;

/// What a method's parameters are called in the contract; empty: it has none of that kind.
struct parameters {
  std::string_view call, text, quantity, cents;
};

constexpr std::array<parameters, 9> methods{{
    {"addItem", "sku", "quantity", "unitCents"},
    {"removeItem", "sku", "", ""},
    {"checkout", "account", "", ""},
    {"deposit", "", "", "cents"},
    {"withdraw", "", "", "cents"},
    {"receive", "", "quantity", ""},
    {"reserve", "reservation", "quantity", ""},
    {"release", "reservation", "", ""},
    {"ship", "reservation", "", ""},
}};

const parameters& parameters_of(std::string_view call) {
  auto found = std::ranges::find(methods, call, &parameters::call);
  if (found == methods.end()) throw std::invalid_argument("no such call: " + std::string(call));
  return *found;
}

std::int64_t number_in(const json_document& object, std::string_view name) {
  auto shown = object.shown(name);
  std::size_t read = 0;
  auto value = shown.empty() ? 0 : std::stoll(shown, &read);
  if (shown.empty() || read != shown.size()) {
    throw std::invalid_argument("no whole number at \"" + std::string(name) + '"');
  }
  return value;
}

std::string text_in(const json_document& object, std::string_view name) {
  auto found = object.find(name);
  if (!found || !found->text()) {
    throw std::invalid_argument("no text at \"" + std::string(name) + '"');
  }
  return *found->text();
}

}  // namespace

std::string to_line(const message& what) {
  auto& names = parameters_of(what.call);
  json_writer line;
  line.begin_object().text("key", what.key).text("to", to_string(what.to)).text("call", what.call);
  line.key("with").begin_object();
  if (!names.text.empty()) line.text(names.text, what.text);
  if (!names.quantity.empty()) line.number(names.quantity, what.quantity);
  if (!names.cents.empty()) line.number(names.cents, what.cents);
  return line.end_object().end_object().take();
}

message from_line(std::string_view line) {
  auto read = json_document::parse(line);
  if (!read) throw std::invalid_argument(read.error().detail);
  auto to = text_in(*read, "to");
  auto slash = to.find('/');
  auto with = read->find("with");
  if (slash == std::string::npos) throw std::invalid_argument("\"to\" is not type/id: " + to);
  if (!with) throw std::invalid_argument("no object at \"with\"");

  message what{.key = text_in(*read, "key"),
               .to = {to.substr(0, slash), to.substr(slash + 1)},
               .call = text_in(*read, "call")};
  auto& names = parameters_of(what.call);
  if (!names.text.empty()) what.text = text_in(*with, names.text);
  if (!names.quantity.empty()) what.quantity = number_in(*with, names.quantity);
  if (!names.cents.empty()) what.cents = number_in(*with, names.cents);
  return what;
}

void write_day(const std::filesystem::path& path, const std::vector<message>& day) {
  std::ofstream out(path, std::ios::binary);
  for (auto& what : day) out << to_line(what) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<message> read_day(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::vector<message> day;
  for (std::string line; std::getline(in, line);) {
    try {
      day.push_back(from_line(line));
    } catch (const std::exception& wrong) {
      throw std::runtime_error(path.string() + ':' + std::to_string(day.size() + 1) + ": " +
                               wrong.what());
    }
  }
  return day;
}

}  // namespace shop::demo

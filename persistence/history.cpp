#include <perdure/history.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "entities/describe.h"
#include "entities/difference.h"
#include "entities/payload.h"
#include "entities/state_schema.h"
#include "persistence/codec.h"
#include "persistence/replay.h"

namespace perdure {

namespace {

// A file: this line, then blocks, each its length (32 bits, little endian), the digest of its
// bytes (64 bits), and its bytes. The first are type, id and the schema of the type's states, which
// may be empty; the others one record each; an empty block ends the file. The first version had no
// schema.
constexpr std::string_view head = "perdure history 2\n";
constexpr std::string_view first_head = "perdure history 1\n";

template <class Number>
void put(bytes& to, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    to.push_back(static_cast<std::byte>(number >> (8 * i) & 0xff));
  }
}

void put_block(bytes& to, bytes_view block) {
  put(to, static_cast<std::uint32_t>(block.size()));
  put(to, core::digest(block));
  to.insert(to.end(), block.begin(), block.end());
}

template <class Number>
std::optional<Number> take(bytes_view& from) {
  if (from.size() < sizeof(Number)) return std::nullopt;
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number |= static_cast<Number>(std::to_integer<Number>(from[i]) << (8 * i));
  }
  from = from.subspan(sizeof(Number));
  return number;
}

std::optional<bytes_view> take_block(bytes_view& from) {
  const auto size = take<std::uint32_t>(from);
  const auto sum = take<std::uint64_t>(from);
  if (!size || !sum || from.size() < *size) return std::nullopt;
  const auto block = from.first(*size);
  if (core::digest(block) != *sum) return std::nullopt;
  from = from.subspan(*size);
  return block;
}

error damaged(std::size_t block) {
  return {errc::malformed, "block " + std::to_string(block) + " of the history is damaged"};
}

}  // namespace

struct history::content {
  entity_id entity;
  std::vector<core::record> steps;
  bytes schema;
};

history::history() : history(entity_id{}, {}) {}

history::history(entity_id entity, std::vector<core::record> steps, bytes schema)
    : content_(std::make_shared<const content>(std::move(entity), std::move(steps),
                                               std::move(schema))) {}

const entity_id& history::entity() const { return content_->entity; }

const std::vector<core::record>& history::steps() const { return content_->steps; }

const bytes& history::schema() const { return content_->schema; }

std::size_t history::size() const { return content_->steps.size(); }

std::vector<std::string> history::lines() const {
  core::event_words words;
  std::vector<std::string> all;
  for (auto& step : content_->steps) all.push_back(words.line(step));
  return all;
}

bytes history::encode() const {
  const auto view = as_bytes_view(head);
  bytes all(view.begin(), view.end());
  put_block(all, as_bytes_view(content_->entity.type));
  put_block(all, as_bytes_view(content_->entity.id));
  put_block(all, content_->schema);
  for (auto& step : content_->steps) {
    persistence::entity_summary after;
    after.run = step.run;
    after.last_event = step.last_event();
    put_block(all, persistence::encode_record(content_->entity, step, after));
  }
  put_block(all, {});
  return all;
}

result<history> history::decode(bytes_view encoded) {
  const bool has_schema = as_text(encoded).starts_with(head);
  if (!has_schema && !as_text(encoded).starts_with(first_head)) {
    return error{errc::malformed, "no history: it does not begin with its first line"};
  }
  static_assert(head.size() == first_head.size());
  encoded = encoded.subspan(head.size());
  const auto type = take_block(encoded);
  const auto id = type ? take_block(encoded) : std::nullopt;
  if (!type || !id) return damaged(type ? 2 : 1);
  content found{{std::string(as_text(*type)), std::string(as_text(*id))}, {}, {}};
  if (has_schema) {
    const auto schema = take_block(encoded);
    if (!schema) return damaged(3);
    found.schema.assign(schema->begin(), schema->end());
  }
  for (std::size_t number = has_schema ? 4 : 3;; ++number) {
    const auto block = take_block(encoded);
    if (!block) return damaged(number);
    if (block->empty()) break;
    auto step = persistence::decode_record(*block);
    if (!step) return error{errc::malformed, step.error().detail};
    found.steps.push_back(std::move(*step));
  }
  if (!encoded.empty()) return error{errc::malformed, "something follows the end of the history"};
  return history(std::move(found.entity), std::move(found.steps), std::move(found.schema));
}

result<nothing> save_history(const std::filesystem::path& file, const history& what) {
  const auto encoded = what.encode();
  std::ofstream to(file, std::ios::binary | std::ios::trunc);
  to.write(reinterpret_cast<const char*>(encoded.data()),
           static_cast<std::streamsize>(encoded.size()));
  to.flush();
  if (to) return nothing{};
  return error{errc::internal, file.string() + " cannot be written: " + std::strerror(errno)};
}

result<history> load_history(const std::filesystem::path& file) {
  std::ifstream from(file, std::ios::binary);
  if (!from) {
    return error{errc::internal, file.string() + " cannot be read: " + std::strerror(errno)};
  }
  std::stringstream content;
  content << from.rdbuf();
  auto found = history::decode(as_bytes_view(content.view()));
  if (!found) return error{found.error().code, file.string() + ": " + found.error().detail};
  return found;
}

std::optional<error> replay(const entity_type& type, const history& what) {
  if (what.entity().type != type.contract->type) {
    return error{errc::malformed, "the history is of a \"" + what.entity().type +
                                      "\", the class is a \"" + std::string(type.contract->type) +
                                      '"'};
  }
  if (!what.schema().empty()) {
    if (auto why = core::check_state_schema(what.schema(), *type.contract)) return why;
  }
  const core::machine_limits limits;
  core::machine fresh(type, what.entity(), limits);
  return persistence::replay_all(fresh, what.steps());
}

namespace persistence {

std::optional<error> replay_all(core::machine& fresh, const std::vector<core::record>& steps) {
  // A reset holds what it leaves of the history before it, and is replayed by a fresh machine.
  const auto is_reset = [](auto& step) {
    return std::holds_alternative<core::run_reset>(step.what);
  };
  const auto last = std::find_if(steps.rbegin(), steps.rend(), is_reset);
  const auto before = last == steps.rend() ? 0 : std::distance(last, steps.rend()) - 1;
  for (auto& step : std::span(steps).subspan(static_cast<std::size_t>(before))) {
    auto* continued = std::get_if<core::run_continued>(&step.what);
    const bool follows =
        continued && !continued->replaces && fresh.where().last_event > 0 && !fresh.has_ended();
    if (follows) {
      const auto state = fresh.state();
      const auto& given = continued->carried.state;
      if (state != given) {
        return core::state_difference(step.event, given, state, fresh.contract());
      }
    }
    if (auto why = fresh.replay(step)) return why;
  }
  return std::nullopt;
}

}  // namespace persistence

}  // namespace perdure

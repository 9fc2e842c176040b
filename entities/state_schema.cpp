#include "entities/state_schema.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "entities/difference.h"
#include "entities/state_shape.h"

namespace perdure::core {

namespace {

class comparison {
public:
  comparison(const state_shape& then, const state_shape& now) : then_(then), now_(now) {}

  /// Returns the first fault.
  std::optional<std::string> run() { return types(0, 0); }

private:
  using fault = std::optional<std::string>;

  fault types(std::size_t then, std::size_t now) {
    if (!seen_.emplace(then, now).second) return std::nullopt;
    auto& a = then_[then];
    auto& b = now_[now];
    for (auto& each : a.members) {
      auto* same = b.find(each.ordinal);
      if (!same) return missing(a, each);
      if (auto why = moved(a, b, each)) return why;
      if (a.is_enum) continue;
      if (auto why = fields(a, each, *same)) return why;
    }
    return std::nullopt;
  }

  std::string place(const type_shape& type, const shape_member& field) const {
    return (type.is_enum ? "enumerant `" : "`") + field.name + "` of " + type.name + " (@" +
           std::to_string(field.ordinal) + ')';
  }

  fault missing(const type_shape& type, const shape_member& field) const {
    const std::string back =
        ". Put it back, under another name if you like; or, where this build is older than the "
        "data, start the later one that has it";
    if (type.is_enum) {
      return place(type, field) + " is missing: data written before has it" + back;
    }
    return place(type, field) + ", " + words_of(field, then_) +
           ", is missing: what was written before would be lost" + back;
  }

  /// Two that have changed places look like two renames: whose name is another's of before has
  /// moved.
  fault moved(const type_shape& a, const type_shape& b, const shape_member& field) const {
    auto* same = b.find(field.ordinal);
    if (same->name == field.name) return std::nullopt;
    for (auto& other : a.members) {
      auto* there = b.find(other.ordinal);
      if (!there || other.ordinal == field.ordinal || there->name != field.name) continue;
      return place(a, field) + " is @" + std::to_string(other.ordinal) +
             " now: data written before has numbers, not names. Give each its old number";
    }
    return std::nullopt;
  }

  fault fields(const type_shape& type, const shape_member& then, const shape_member& now) {
    const std::string keep =
        ". Keep the old field, under another name if you like, and add one with a new number";
    if (!same_types(then.type, now.type) || then.optional != now.optional) {
      return place(type, then) + " was " + words_of(then, then_) + " and is " +
             words_of(now, now_) + ": what was written before would be misread" + keep;
    }
    if (!same_unions(type, then, now)) {
      return place(type, then) + " was " + words_of(then.in) + " and is " + words_of(now.in) +
             ": what was written before would be misread" + keep;
    }
    if (then.fallback != now.fallback) {
      auto text = [](auto& fallback) { return fallback.empty() ? "none" : fallback; };
      return place(type, then) + " had the default " + text(then.fallback) + " and has " +
             text(now.fallback) +
             ": what was written before would be misread. Put the old default back";
    }
    if (then.offset != now.offset) {
      return place(type, then) +
             " lies at another place: what was written before would be misread" + keep;
    }
    return follow(then.type, now.type);
  }

  static std::string_view element_of(std::string_view list) {
    list.remove_prefix(5);
    list.remove_suffix(1);
    return list;
  }
  static bool is_list(std::string_view type) {
    return type.starts_with("List(") && type.ends_with(')');
  }
  static bool is_declared(std::string_view type) { return type.starts_with('#'); }
  static const type_shape* declared(const state_shape& in, std::string_view type) {
    const auto index = index_of(type);
    return index < in.size() ? &in[index] : nullptr;
  }
  static std::size_t index_of(std::string_view type) {
    std::size_t index = 0;
    const auto [end, why] = std::from_chars(type.data() + 1, type.data() + type.size(), index);
    return why == std::errc{} ? index : static_cast<std::size_t>(-1);
  }

  /// What the types declare is looked at by `follow`.
  bool same_types(std::string_view then, std::string_view now) const {
    if (is_list(then) && is_list(now)) return same_types(element_of(then), element_of(now));
    if (!is_declared(then) || !is_declared(now)) return then == now;
    auto* a = declared(then_, then);
    auto* b = declared(now_, now);
    return a && b && a->is_enum == b->is_enum;
  }

  fault follow(std::string_view then, std::string_view now) {
    if (is_list(then)) return follow(element_of(then), element_of(now));
    if (!is_declared(then)) return std::nullopt;
    return types(index_of(then), index_of(now));
  }

  /// A union may have been put around what was there: the field is its first member then, as which
  /// the data of before counts.
  static bool same_unions(const type_shape& type, const shape_member& then,
                          const shape_member& now) {
    std::set<std::uint32_t> known;
    for (auto& each : type.members) {
      for (auto& in : each.in) known.insert(in.offset);
    }
    std::vector<membership> old;
    for (auto& each : now.in) {
      if (known.contains(each.offset)) {
        old.push_back(each);
      } else if (each.value != 0) {
        return false;
      }
    }
    return old == then.in;
  }

  static std::string words_of(const std::vector<membership>& in) {
    if (in.empty()) return "in no union";
    std::string text;
    for (auto& each : in) {
      text +=
          (text.empty() ? "member " : ", in member ") + std::to_string(each.value) + " of a union";
    }
    return text;
  }

  static std::string words_of(std::string_view type, const state_shape& in) {
    if (is_list(type)) return "List(" + words_of(element_of(type), in) + ')';
    if (!is_declared(type)) return std::string(type);
    auto* found = declared(in, type);
    if (!found) return "unknown";
    return (found->is_enum ? "the enum " : "the struct ") + found->name;
  }
  static std::string words_of(const shape_member& field, const state_shape& in) {
    return (field.optional ? "an optional " : "") + words_of(field.type, in);
  }

  const state_shape& then_;
  const state_shape& now_;
  std::set<std::pair<std::size_t, std::size_t>> seen_;
};

}  // namespace

bytes state_schema(const contract& of) {
  const auto text = to_text(shape_of(of));
  const auto view = as_bytes_view(text);
  return {view.begin(), view.end()};
}

std::optional<error> check_state_schema(bytes_view stored, const contract& now) {
  const auto present = state_schema(now);
  if (std::ranges::equal(stored, present)) return std::nullopt;
  const auto then = shape_from_text(as_text(stored));
  if (!then) {
    return error{errc::internal, "what is stored about the state of \"" + std::string(now.type) +
                                     "\" is damaged, or of a later version"};
  }
  const auto shape = shape_of(now);
  auto why = comparison(*then, shape).run();
  if (!why) return std::nullopt;
  return with_advice({errc::nondeterministic, "the contract of \"" + std::string(now.type) +
                                                  "\" does not fit the data: " + *why});
}

}  // namespace perdure::core

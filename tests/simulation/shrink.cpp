#include "shrink.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <vector>

namespace perdure::simulation {

namespace {

bool fails(std::uint64_t seed, const cut& what, canary put, const std::string& kind) {
  const auto found = run(without(make_script(seed), what), put);
  return found.wrong && kind_of(*found.wrong) == kind;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find(',');
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (why != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string kind_of(std::string_view wrong) {
  std::string kind;
  for (auto each : wrong.substr(0, 120)) {
    if (std::isdigit(static_cast<unsigned char>(each)) != 0) continue;
    // Peers have one letter behind the stroke.
    if (kind.ends_with('/') && each >= 'a' && each <= 'h') continue;
    kind += each;
  }
  return kind;
}

cut shrink(std::uint64_t seed, canary put, const std::string& kind) {
  cut best;
  const auto many = make_script(seed).operations.size();
  best.without_operations.resize(many);
  const auto attempt = [&](auto change) {
    auto smaller = best;
    change(smaller);
    if (!fails(seed, smaller, put, kind)) return false;
    best = std::move(smaller);
    return true;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (auto size = std::max<std::size_t>(many / 2, 1);; size /= 2) {
      for (std::size_t from = 0; from < many; from += size) {
        const auto to = std::min(many, from + size);
        const auto first = best.without_operations.begin() + static_cast<std::ptrdiff_t>(from);
        const auto last = best.without_operations.begin() + static_cast<std::ptrdiff_t>(to);
        if (std::find(first, last, false) == last) continue;
        moved = attempt([&](cut& smaller) {
                  for (auto i = from; i < to; ++i) smaller.without_operations[i] = true;
                }) ||
                moved;
      }
      if (size <= 1) break;
    }
    for (std::size_t i = 0; i < faults; ++i) {
      if (best.without_faults[i] || make_script(seed).measure[i] == 0) continue;
      moved = attempt([&](cut& smaller) { smaller.without_faults[i] = true; }) || moved;
    }
  }
  return best;
}

std::string command_of(std::uint64_t seed, const cut& what, canary put) {
  auto text = "perdure-simulation --seed " + std::to_string(seed);
  if (put != canary::none) text += " --canary " + std::to_string(static_cast<int>(put));
  std::string faults_left;
  for (std::size_t i = 0; i < faults; ++i) {
    if (!what.without_faults[i]) continue;
    if (!faults_left.empty()) faults_left += ',';
    faults_left += to_string(static_cast<fault>(i));
  }
  if (!faults_left.empty()) text += " --without " + faults_left;
  std::string operations;
  for (std::size_t i = 0; i < what.without_operations.size(); ++i) {
    if (what.without_operations[i]) continue;
    if (!operations.empty()) operations += ',';
    operations += std::to_string(i);
  }
  return text + " --operations " + (operations.empty() ? "none" : operations);
}

std::optional<cut> read_cut(std::uint64_t seed, std::string_view without_faults,
                            std::string_view operations) {
  cut made;
  const auto many = make_script(seed).operations.size();
  made.without_operations.resize(many, !operations.empty());
  if (operations != "none") {
    for (auto each : split(operations)) {
      const auto number = number_of(each);
      if (!number || *number >= many) return std::nullopt;
      made.without_operations[*number] = false;
    }
  }
  for (auto each : split(without_faults)) {
    std::size_t i = 0;
    while (i < faults && to_string(static_cast<fault>(i)) != each) ++i;
    if (i == faults) return std::nullopt;
    made.without_faults[i] = true;
  }
  return made;
}

std::string report(std::uint64_t seed, canary put, const std::string& wrong, std::size_t lines) {
  const auto smaller = shrink(seed, put, kind_of(wrong));
  const auto left = without(make_script(seed), smaller);
  const auto found = run(left, put, true);
  auto text = "seed " + std::to_string(seed) + ": " + wrong +
              "\n  made small: " + found.wrong.value_or("(nothing)") + "\n  faults:";
  for (std::size_t i = 0; i < faults; ++i) {
    if (left.measure[i] == 0) continue;
    text += ' ' + std::string(to_string(static_cast<fault>(i)));
  }
  text += '\n';
  const auto& all = found.history;
  const auto from = all.size() > lines ? all.size() - lines : 0;
  for (auto i = from; i < all.size(); ++i) text += "  " + all[i] + '\n';
  return text + "  " + command_of(seed, smaller, put) + '\n';
}

}  // namespace perdure::simulation

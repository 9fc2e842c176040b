#include "gateway/url.h"

#include <charconv>

namespace perdure::gateway {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// Number of bytes of the UTF-8 character that begins with `lead`; 0 when none does.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

/// Whether the second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF.
bool is_second_byte(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second <= 0x9f;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}

result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return error{errc::malformed, "URL: expected two hexadecimal digits after '%'"};
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_utf8(out)) return error{errc::malformed, "URL: expected percent-encoded UTF-8"};
  if (out.find('\0') != std::string::npos)
    return error{errc::malformed, "URL: a NUL byte is not allowed"};
  return out;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const auto length = utf8_length(lead);
    if (length == 0 || text.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next < 0x80 || next > 0xbf) return false;
      if (k == 1 && !is_second_byte(lead, next)) return false;
    }
    i += length;
  }
  return true;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  // Whole segments of dots would be taken for directories on the way.
  const bool dots = text == "." || text == "..";
  for (char c : text) {
    if (is_unreserved(c) && !dots) {
      out += c;
    } else {
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

namespace {

result<url_fields> parse_query(std::string_view query) {
  url_fields fields;
  while (!query.empty()) {
    const auto piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), piece.size() + 1));
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    auto name = percent_decode(piece.substr(0, equals), true);
    if (!name) return std::move(name).error();
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1), true);
    if (!value) return std::move(value).error();
    fields.emplace_back(*std::move(name), *std::move(value));
  }
  return fields;
}

}  // namespace

result<url_target> url_target::parse(std::string_view target) {
  url_target parsed;
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  auto path = target.substr(0, question);
  if (question != std::string_view::npos) {
    auto fields = parse_query(target.substr(question + 1));
    if (!fields) return std::move(fields).error();
    parsed.query = *std::move(fields);
  }
  if (!path.starts_with('/'))
    return error{errc::malformed, "URL: expected a path that begins with '/'"};
  path.remove_prefix(1);
  while (!path.empty() || !parsed.segments.empty()) {
    const auto slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash), false);
    if (!segment) return std::move(segment).error();
    parsed.segments.push_back(*std::move(segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parsed;
}

result<http_address> http_address::parse(std::string_view url) {
  const auto malformed = [&] {
    return error{errc::malformed, "expected an address such as http://127.0.0.1:7070, got \"" +
                                      std::string(url) + '"'};
  };
  auto rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.find('/') != std::string_view::npos)
    return malformed();
  auto host = rest.substr(0, colon);
  const auto port = parse_unsigned(rest.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed();
  }
  if (host.empty() || !port || *port > 65535) return malformed();
  return http_address{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::string http_address::to_string() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace perdure::gateway

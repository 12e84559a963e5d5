// Writes one flat JSON object.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace rat_memcache::load {

class JsonObject {
 public:
  void Add(std::string_view name, uint64_t value) { AddRaw(name, std::to_string(value)); }
  void Add(std::string_view name, double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.6f", value);
    AddRaw(name, text.data());
  }
  void Add(std::string_view name, std::string_view value) { AddRaw(name, Quoted(value)); }

  // The object with a line end.
  std::string Text() const { return "{\n" + members_ + "\n}\n"; }

 private:
  void AddRaw(std::string_view name, std::string_view value) {
    if (!members_.empty()) members_ += ",\n";
    members_.append("  ").append(Quoted(name)).append(": ").append(value);
  }

  // Bytes outside of ASCII may come from a broken server; each is written as one \u escape.
  static std::string Quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
      const unsigned byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        quoted.append({'\\', c});
      } else if (byte >= ' ' && byte < 0x7f) {
        quoted += c;
      } else {
        std::array<char, 8> escape;
        std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
        quoted += escape.data();
      }
    }
    return quoted + '"';
  }

  std::string members_;
};

}  // namespace rat_memcache::load

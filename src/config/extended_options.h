// -o: memcached's extended options, a list of words.
//
//   list   word { "," word } [ "," ]
//   word   name [ "=" value ]
//
// As getsubopt reads it: names in full, a comma always ends a value, an empty word in the middle is
// a fault. -o may be repeated. Words apply from left to right, so that the last one counts.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <span>
#include <string_view>

#include "config/parse.h"

namespace rat_memcache::config {

struct ExtendedWord {
  std::string_view name;
  // The value's name in texts: empty if the word takes none, "[NUM]" if it may be left out.
  std::string_view value;
  void (*apply)(Parse* parse, std::string_view value);
  std::string_view help = {};         // empty: not shown, since it has no effect here
  bool Features::*feature = nullptr;  // shown only if the build has it
  std::string_view missing = {};      // memcached's words, where not "Missing NAME argument"
};

// All of them; those with a help text in its order.
std::span<const ExtendedWord> ExtendedWords();

void ApplyExtended(Parse* parse, std::string_view list);

}  // namespace rat_memcache::config

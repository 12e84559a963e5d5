// All options with a letter or a long name, in the order of the help.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <span>
#include <string_view>

#include "config/parse.h"

namespace rat_memcache::config {

struct Option {
  char letter;             // 0: long form only
  std::string_view name;   // long form; empty: letter only
  std::string_view value;  // its name in the help, empty if the option takes none
  void (*apply)(Parse* parse, std::string_view value);  // nullptr: a heading of the help
  std::string_view help = {};                           // empty: not shown
  bool Features::*feature = nullptr;                    // shown only if the build has it
};

std::span<const Option> Options();

// nullptr if there is none.
const Option* FindLetter(char letter);
// By full name, or by a beginning that only one option has.
const Option* FindName(std::string_view name);

}  // namespace rat_memcache::config

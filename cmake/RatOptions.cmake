# Every choice a builder has. A project that embeds this one gets neither tests nor tools.
option(RAT_BUILD_SERVER "Build the server rat_memcached" ${PROJECT_IS_TOP_LEVEL})
option(RAT_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(RAT_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(RAT_BUILD_FUZZ "Build the fuzz targets" ${PROJECT_IS_TOP_LEVEL})
option(RAT_WERROR "Treat warnings as errors" OFF)
option(RAT_LTO "Optimise across files (release builds)" OFF)

set(RAT_SANITIZE "" CACHE STRING "Sanitizer: address, undefined, thread, fuzzer or a comma list")
option(RAT_COVERAGE "Instrument for coverage" OFF)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

#pragma once

namespace warren::adapters::sqlite {

/// SQLite's name of a file system that is the machine's own, but zeroes the unused middle of each page of a
/// table or index on its way into the database file. SQLite leaves copies of rows there that it moved to
/// other pages (`secure_delete` overwrites what is deleted, not what is moved), so deleted text would stay in
/// the file until the page happens to fill up. Thread-safe. @see docs/decisions/0051-deletion.md
const char* tidy_disk();

/// Zeroes the bytes of `page` (as it lies in the file at `offset`) that hold no row. What is not a page of a
/// table or index in good order is left as it is.
void tidy_page(unsigned char* page, int size, long long offset);

}  // namespace warren::adapters::sqlite

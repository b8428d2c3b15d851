#include "words/folding.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <stdexcept>

#include "words/tokens.hpp"

namespace warren::words {
namespace {

constexpr UChar32 kTatweel = 0x640;
// They tell Japanese syllables apart, as no accent does.
constexpr UChar32 kVoiced = 0x3099;
constexpr UChar32 kHalfVoiced = 0x309a;

/// Letters with a stroke and the like, which Unicode does not take apart.
UChar32 without_stroke(UChar32 c) {
    switch (c) {
        case 0x111:  // đ
            return 'd';
        case 0x127:  // ħ
            return 'h';
        case 0x131:  // ı
            return 'i';
        case 0x142:  // ł
            return 'l';
        case 0xf8:  // ø
            return 'o';
        case 0x167:  // ŧ
            return 't';
        default:
            return c;
    }
}

/// Marks that belong to no script are accents and points of many; those of a script are mostly its vowels,
/// but for Hebrew, which is written without them.
bool is_accent(UChar32 c) {
    if (u_charType(c) != U_NON_SPACING_MARK || c == kVoiced || c == kHalfVoiced) return false;
    UErrorCode failed = U_ZERO_ERROR;
    const auto script = uscript_getScript(c, &failed);
    return script == USCRIPT_INHERITED || script == USCRIPT_HEBREW;
}

bool is_spaceless(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || uscript_hasScript(c, USCRIPT_HAN) ||
           uscript_hasScript(c, USCRIPT_HIRAGANA) || uscript_hasScript(c, USCRIPT_KATAKANA) ||
           u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

bool is_emoji(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) ||
           u_hasBinaryProperty(c, UCHAR_REGIONAL_INDICATOR);
}

icu::UnicodeString normalized(const icu::Normalizer2* form, const icu::UnicodeString& text,
                              UErrorCode& failed) {
    auto out = form->normalize(text, failed);
    // The tables are part of the library: only running out of memory fails.
    if (U_FAILURE(failed)) throw std::runtime_error(u_errorName(failed));
    return out;
}

/// `text`, at most kTokenBytesMax of it, cut between characters.
std::string cut(const icu::UnicodeString& text) {
    std::string out;
    text.toUTF8String(out);
    if (out.size() <= kTokenBytesMax) return out;
    std::size_t size = kTokenBytesMax;
    while ((static_cast<unsigned char>(out[size]) & 0xc0U) == 0x80U)
        --size;
    out.resize(size);
    return out;
}

}  // namespace

icu::UnicodeString fold(std::string_view utf8) {
    UErrorCode failed = U_ZERO_ERROR;
    const auto* casefold = icu::Normalizer2::getNFKCCasefoldInstance(failed);
    const auto* decompose = icu::Normalizer2::getNFDInstance(failed);
    const auto* compose = icu::Normalizer2::getNFCInstance(failed);
    if (U_FAILURE(failed)) throw std::runtime_error(u_errorName(failed));
    const auto text = icu::UnicodeString::fromUTF8({utf8.data(), static_cast<std::int32_t>(utf8.size())});
    const auto apart = normalized(decompose, normalized(casefold, text, failed), failed);
    icu::UnicodeString bare;
    for (std::int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
        const auto c = apart.char32At(i);
        if (c != kTatweel && !is_accent(c)) bare.append(without_stroke(c));
    }
    return normalized(compose, bare, failed);
}

CharKind kind_of(UChar32 c) {
    const auto category = U_MASK(u_charType(c));
    if ((category & U_GC_M_MASK) != 0) return CharKind::mark;
    if ((category & (U_GC_L_MASK | U_GC_N_MASK)) != 0) {
        return is_spaceless(c) ? CharKind::single : CharKind::letter;
    }
    return is_emoji(c) ? CharKind::single : CharKind::other;
}

void Tokenizer::take(UChar32 c) {
    const auto kind = kind_of(c);
    if (kind == CharKind::mark) {
        if (in_token()) word_.append(c);
        return;
    }
    if (kind != CharKind::letter || single_) end();
    if (kind == CharKind::other) return;
    single_ = kind == CharKind::single;
    word_.append(c);
}

void Tokenizer::end() {
    if (in_token()) tokens_.push_back(cut(word_));
    word_.remove();
    single_ = false;
}

}  // namespace warren::words

using System.Globalization;

namespace DmaBuf.Peer;

/// <summary>Options of one letter, each with a value, as getopt(3) takes them.</summary>
internal sealed class PeerOptions
{
    private readonly Dictionary<char, string> _values = [];

    /// <summary>An option's value, or null.</summary>
    public string? this[char letter] => _values.GetValueOrDefault(letter);

    /// <summary>Parses a command line.</summary>
    /// <param name="words">The words.</param>
    /// <param name="letters">The letters of the options that there are.</param>
    /// <exception cref="FormatException">A word is none of them.</exception>
    public static PeerOptions Parse(ReadOnlySpan<string> words, string letters)
    {
        var options = new PeerOptions();
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word.Length < 2 || word[0] != '-' || !letters.Contains(word[1], StringComparison.Ordinal))
                throw new FormatException($"'{word}' is no option here.");
            if (word.Length > 2)
                options._values[word[1]] = word[2..];
            else if (++i < words.Length)
                options._values[word[1]] = words[i];
            else
                throw new FormatException($"{word} needs a value.");
        }

        return options;
    }

    /// <summary>The value of an option that must be there.</summary>
    /// <exception cref="FormatException">It is missing.</exception>
    public string Required(char letter) => this[letter] ?? throw new FormatException($"-{letter} is missing.");

    /// <summary>The number that an option has as its value.</summary>
    /// <exception cref="FormatException">It is none, or none from the smallest to the largest.</exception>
    public int Number(char letter, int otherwise, int smallest = 0, int largest = int.MaxValue)
    {
        if (this[letter] is not { } text)
            return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= smallest && number <= largest
            ? number
            : throw new FormatException($"-{letter} {text}: use a whole number, {smallest} to {largest}.");
    }
}

using DmaBuf.Errors;

namespace DmaBuf.Peer;

/// <summary>Advice about this program's command line, which the core's messages never mention.</summary>
internal static class Advice
{
    /// <summary>The message of a failure, followed by all the advice there is.</summary>
    public static string Describe(DmaBufException failure) =>
        string.Join(' ', new[] { failure.Message, failure.RecommendedAction, For(failure) }.OfType<string>());

    private static string? For(DmaBufException failure) => failure.ErrorId switch
    {
        "Address,CannotPassDescriptors" =>
            "Give the other side's domain as vmid to hand over grant references instead.",
        "Domain,Unknown" => "Give the domain's id instead of its name: 'xl list' in dom0 shows the ids.",
        _ => null,
    };
}

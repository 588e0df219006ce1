namespace DmaBuf.Discovery;

/// <summary>Whether this machine, for this user, offers one feature.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Available">True where it can be used now.</param>
/// <param name="Detail">What was found.</param>
/// <param name="RecommendedAction">What would make it available, or null where it is.</param>
public sealed record SupportCheck(SupportFeature Feature, bool Available, string Detail, string? RecommendedAction);

namespace DmaBuf.Errors;

/// <summary>Why a domain cannot be the other side.</summary>
public enum DomainFault
{
    /// <summary>There is no such domain, or this domain sees none of that name.</summary>
    Unknown,

    /// <summary>It is the domain that this process runs in.</summary>
    Own,
}

/// <summary>A domain, given by id or by name, that cannot be the other side.</summary>
public sealed class DomainException : DmaBufException
{
    internal DomainException(DomainFault fault, string domain, string message, string action)
        : base($"Domain,{fault}", message, action)
    {
        Fault = fault;
        Domain = domain;
    }

    /// <summary>Why.</summary>
    public DomainFault Fault { get; }

    /// <summary>The id or the name.</summary>
    public string Domain { get; }
}

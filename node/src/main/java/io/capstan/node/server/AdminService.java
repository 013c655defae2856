package io.capstan.node.server;

import io.capstan.proto.v1.AdminGrpc;
import io.capstan.proto.v1.ChangeMembersRequest;
import io.capstan.proto.v1.ChangeMembersResponse;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.CreateKeyspaceResponse;
import io.capstan.proto.v1.DivergenceRequest;
import io.capstan.proto.v1.DivergenceResponse;
import io.capstan.proto.v1.DropKeyspaceRequest;
import io.capstan.proto.v1.DropKeyspaceResponse;
import io.capstan.proto.v1.ListConflictsRequest;
import io.capstan.proto.v1.ListConflictsResponse;
import io.capstan.proto.v1.ListKeyspacesRequest;
import io.capstan.proto.v1.ListKeyspacesResponse;
import io.capstan.proto.v1.ListMembersRequest;
import io.capstan.proto.v1.ListMembersResponse;
import io.capstan.proto.v1.SetModeRequest;
import io.capstan.proto.v1.SetModeResponse;
import io.capstan.proto.v1.StatusRequest;
import io.capstan.proto.v1.StatusResponse;
import io.capstan.proto.v1.TransferLeadershipRequest;
import io.capstan.proto.v1.TransferLeadershipResponse;
import io.grpc.stub.StreamObserver;

/** {@code capstan.v1.Admin}. Thread-safe, never blocks. */
final class AdminService extends AdminGrpc.AdminImplBase {

  private final CallIntake intake;
  private final StatusReport status;

  AdminService(CallIntake intake, StatusReport status) {
    this.intake = intake;
    this.status = status;
  }

  @Override
  public void createKeyspace(
      CreateKeyspaceRequest request, StreamObserver<CreateKeyspaceResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void listKeyspaces(
      ListKeyspacesRequest request, StreamObserver<ListKeyspacesResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void dropKeyspace(
      DropKeyspaceRequest request, StreamObserver<DropKeyspaceResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void setMode(SetModeRequest request, StreamObserver<SetModeResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void listMembers(
      ListMembersRequest request, StreamObserver<ListMembersResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void listConflicts(
      ListConflictsRequest request, StreamObserver<ListConflictsResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void divergence(DivergenceRequest request, StreamObserver<DivergenceResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void changeMembers(
      ChangeMembersRequest request, StreamObserver<ChangeMembersResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void transferLeadership(
      TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> observer) {
    intake.accept(request, observer);
  }

  @Override
  public void status(StatusRequest request, StreamObserver<StatusResponse> observer) {
    status.answer(request, observer);
  }
}
